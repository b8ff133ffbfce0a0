//! The return codes. Five of them are public; all above 900 are this
//! simulator's own, made up where the API's code is not known.

/// A return code with its label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Code {
    /// Number of the code.
    pub number: u16,
    /// Label, in the API's language and mostly without accents, as it writes.
    pub label: &'static str,
}

const fn code(number: u16, label: &'static str) -> Code {
    Code { number, label }
}

// Public codes.
pub(super) const ACCEPTED: Code = code(0, "Votre message a bien ete envoye");
pub(super) const BLACKLISTED: Code = code(11, "Le numéro de téléphone est dans la liste noire!");
pub(super) const NOT_ALLOCATED: Code = code(21, "Le numéro de téléphone n'est pas attribué!");
pub(super) const ACCOUNT_ADDED: Code = code(230, "Le sous compte a ete ajoute");
pub(super) const LINK_MADE: Code = code(250, "Le lien court a ete genere");

// Our own: the account.
pub(super) const NO_KEY: Code = code(901, "Le keyid est absent");
pub(super) const BAD_KEY: Code = code(902, "Le keyid n'est pas valide");
pub(super) const NO_CREDIT: Code = code(903, "Le credit est insuffisant");

// Our own: the request.
pub(super) const UNREADABLE: Code = code(904, "Le corps de la requete est illisible");
pub(super) const MISSING: Code = code(910, "Un champ obligatoire est absent");
pub(super) const NOT_ALLOWED: Code = code(911, "La valeur d'un champ n'est pas admise");
pub(super) const BAD_DATE: Code = code(912, "Une date ou un fuseau horaire n'est pas valide");

// Our own: texts and recipients.
pub(super) const BAD_CHARACTER: Code =
    code(920, "Le texte contient un caractere hors de l'alphabet GSM");
pub(super) const TOO_LONG: Code = code(921, "Le texte depasse le nombre de SMS permis");
pub(super) const BAD_NUMBER: Code = code(922, "Le numero de telephone n'est pas valide");
pub(super) const UNEVEN: Code = code(923, "Un tableau n'a pas la taille du tableau num");
pub(super) const UCS2_IN_FRANCE: Code =
    code(924, "L'UCS-2 est reserve aux numeros hors de France metropolitaine");

// Our own: directories.
pub(super) const NO_DIRECTORY: Code = code(930, "Le repertoire n'existe pas");
pub(super) const DIRECTORY_MADE: Code = code(931, "Le repertoire a ete cree");
pub(super) const CONTACT_ADDED: Code = code(932, "Le numero a ete ajoute");
pub(super) const CONTACT_REMOVED: Code = code(933, "Le numero a ete supprime");
pub(super) const NO_CONTACT: Code = code(934, "Le numero n'est pas dans le repertoire");

// Our own: sub-accounts.
pub(super) const NO_ACCOUNT: Code = code(940, "Le sous compte n'existe pas");
pub(super) const LOGIN_TAKEN: Code = code(941, "Le login est deja pris");
pub(super) const PRICE_SET: Code = code(942, "Le tarif a ete modifie");
pub(super) const CREDIT_ADDED: Code = code(943, "Le credit a ete ajoute");
pub(super) const RESTRICTION_SET: Code = code(944, "La restriction a ete modifiee");

// Our own: scenarios.
pub(super) const REFLECTED: Code = code(990, "Acces refuse pour le keyid");
pub(super) const UNLISTED: Code = code(999, "Erreur 999");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_goes_with_the_number_that_the_api_publishes() {
        let public = [ACCEPTED, BLACKLISTED, NOT_ALLOCATED, ACCOUNT_ADDED, LINK_MADE];
        assert_eq!(public.map(|code| code.number), [0, 11, 21, 230, 250]);
    }
}
