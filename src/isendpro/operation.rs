//! The operations of the API: where and how each is asked for.

/// The HTTP method of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// GET, the fields in the query.
    Get,
    /// POST.
    Post,
    /// PUT.
    Put,
}

/// An operation of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// One SMS to one recipient.
    Sms,
    /// SMS to several recipients.
    SmsMulti,
    /// Counting characters and SMS, without sending.
    Comptage,
    /// The credit left.
    Credit,
    /// The report of what was sent, as a zip.
    Campagne,
    /// The other report, of sends, as a zip. It is not part of the published description: others ask
    /// the root path for it.
    CampagneSends,
    /// Adding a number to the blacklist.
    SetListeNoire,
    /// Removing a number from the blacklist.
    DelListeNoire,
    /// The blacklist, as a zip.
    GetListeNoire,
    /// Looking up the operator of numbers.
    Hlr,
    /// Creating a directory.
    RepertoireCreate,
    /// Adding numbers to a directory, or removing them.
    RepertoireModif,
    /// Making a short link.
    Shortlink,
    /// Creating a sub-account.
    SubaccountAdd,
    /// Changing a sub-account.
    SubaccountEdit,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 15] = [
        Self::Sms,
        Self::SmsMulti,
        Self::Comptage,
        Self::Credit,
        Self::Campagne,
        Self::CampagneSends,
        Self::SetListeNoire,
        Self::DelListeNoire,
        Self::GetListeNoire,
        Self::Hlr,
        Self::RepertoireCreate,
        Self::RepertoireModif,
        Self::Shortlink,
        Self::SubaccountAdd,
        Self::SubaccountEdit,
    ];

    /// The path below the server's address.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Sms => "sms",
            Self::SmsMulti => "smsmulti",
            Self::Comptage => "comptage",
            Self::Credit => "credit",
            Self::Campagne => "campagne",
            Self::CampagneSends => "",
            Self::SetListeNoire => "setlistenoire",
            Self::DelListeNoire => "dellistenoire",
            Self::GetListeNoire => "getlistenoire",
            Self::Hlr => "hlr",
            Self::RepertoireCreate | Self::RepertoireModif => "repertoire",
            Self::Shortlink => "shortlink",
            Self::SubaccountAdd | Self::SubaccountEdit => "subaccount",
        }
    }

    /// The name in metrics: the path, and for both reports the same.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CampagneSends => Self::Campagne.path(),
            other => other.path(),
        }
    }

    /// The method of the published description.
    pub const fn method(self) -> Method {
        match self {
            Self::Credit | Self::Campagne | Self::CampagneSends => Method::Get,
            Self::RepertoireModif | Self::SubaccountEdit => Method::Put,
            _ => Method::Post,
        }
    }

    /// Whether the published description puts the fields into the query, and later versions of the
    /// vendor's own description into the body of a POST. Which of the two the service takes today
    /// is not known.
    pub const fn moved(self) -> bool {
        matches!(
            self,
            Self::Credit
                | Self::Campagne
                | Self::CampagneSends
                | Self::SetListeNoire
                | Self::DelListeNoire
                | Self::GetListeNoire
        )
    }

    /// Whether a second request does no more than the first: it only reads, or leaves things as they
    /// are by then. Of the others none may be told as not done that may have been.
    pub const fn repeatable(self) -> bool {
        self.moved() || matches!(self, Self::Comptage)
    }

    /// Whether the answer is a file.
    pub const fn downloads(self) -> bool {
        matches!(self, Self::Campagne | Self::CampagneSends | Self::GetListeNoire)
    }
}
