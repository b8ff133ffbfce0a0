//! The accounts by key, and what belongs to each. Operations hold the lock on
//! them for as long as they change something, never across a wait.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::money::Money;
use super::number;

/// Who sent something, without the key.
#[derive(Debug)]
pub(super) struct Identity {
    /// Place of the account among all.
    pub index: usize,
    /// Last two characters of the key; nothing of a key that has no more.
    pub tail: String,
}

/// One account of the API.
#[derive(Debug)]
pub(super) struct Account {
    /// What the ledger keeps of the account.
    pub identity: Arc<Identity>,
    /// Credit left.
    pub credit: Money,
    /// Price of a part where no other is set.
    pub price: Money,
    /// Prices of a part by calling code.
    pub prices: BTreeMap<String, Money>,
    /// Blacklisted numbers, in international form.
    pub blacklist: BTreeSet<String>,
    /// Directories by id.
    pub directories: BTreeMap<String, Directory>,
    /// Short links with their targets, oldest first.
    pub links: Vec<(String, String)>,
    /// Sub-accounts, oldest first.
    pub children: Vec<Child>,
}

/// A directory of contacts.
#[derive(Debug)]
pub(super) struct Directory {
    /// Its label.
    pub name: String,
    /// Fields 1 to 27 of each contact, by number: in international form, or as
    /// it came when no such number can exist.
    pub contacts: BTreeMap<String, BTreeMap<usize, String>>,
}

/// What a parent knows of a sub-account.
#[derive(Debug)]
pub(super) struct Child {
    /// Number of the sub-account.
    pub id: u32,
    /// Its login.
    pub login: String,
    /// Its key.
    pub key: String,
    /// STOP restriction as last set, `0` or `1`.
    pub restriction_stop: Option<&'static str>,
    /// Time restriction as last set, `0` or `1`.
    pub restriction_time: Option<&'static str>,
}

impl Account {
    /// Price of one part to a number in international form: that of the longest
    /// calling code that fits.
    pub fn price_to(&self, tel: &str) -> Money {
        let fitting = self.prices.iter().filter(|(code, _)| tel.starts_with(*code));
        fitting.max_by_key(|(code, _)| code.len()).map_or(self.price, |(_, price)| *price)
    }

    /// How many parts to metropolitan France the credit buys.
    pub fn quantity(&self) -> i64 {
        self.credit.buys(self.price_to("33"))
    }
}

/// All accounts.
#[derive(Debug)]
pub(super) struct Accounts {
    by_key: HashMap<String, usize>,
    all: Vec<Account>,
    credit: Money,
    price: Money,
    made: u32,
}

impl Accounts {
    /// No account yet; new ones get this credit and this price.
    pub fn new(credit: Money, price: Money) -> Self {
        Self { by_key: HashMap::new(), all: Vec::new(), credit, price, made: 0 }
    }

    /// The account of a key, made on first use. Keys that begin with `empty`
    /// start without credit.
    pub fn open(&mut self, key: &str) -> &mut Account {
        let index = match self.by_key.get(key) {
            Some(index) => *index,
            None if key.starts_with("empty") => self.add(key, Money::default()),
            None => self.add(key, self.credit),
        };
        &mut self.all[index]
    }

    /// Opens a sub-account without credit; its parent keeps the child.
    pub fn open_child(&mut self, parent: &str, login: &str) -> &Child {
        let made = self.next();
        let child = Child {
            id: 20_150 + made,
            login: login.to_owned(),
            key: child_key(made),
            restriction_stop: None,
            restriction_time: None,
        };
        self.add(&child.key, Money::default());
        let children = &mut self.open(parent).children;
        children.push(child);
        &children[children.len() - 1]
    }

    /// Moves credit to another account; `false` when there is too little.
    pub fn transfer(&mut self, from: &str, to: &str, amount: Money) -> bool {
        let from = self.open(from);
        let Some(left) = from.credit.minus(amount) else {
            return false;
        };
        from.credit = left;
        let to = self.open(to);
        to.credit = to.credit.plus(amount);
        true
    }

    /// Whether any account has a child with this login.
    pub fn login_taken(&self, login: &str) -> bool {
        let mut children = self.all.iter().flat_map(|account| &account.children);
        children.any(|child| child.login == login)
    }

    /// A number that no directory, sub-account or link has had.
    pub fn next(&mut self) -> u32 {
        self.made += 1;
        self.made - 1
    }

    /// Every account, oldest first.
    pub fn iter(&self) -> std::slice::Iter<'_, Account> {
        self.all.iter()
    }

    fn add(&mut self, key: &str, credit: Money) -> usize {
        let index = self.all.len();
        self.all.push(Account {
            identity: Arc::new(Identity { index, tail: tail(key) }),
            credit,
            price: self.price,
            prices: BTreeMap::new(),
            blacklist: BTreeSet::new(),
            directories: BTreeMap::new(),
            links: Vec::new(),
            children: Vec::new(),
        });
        self.by_key.insert(key.to_owned(), index);
        index
    }
}

impl Directory {
    /// Adds a contact or replaces it. `false` for what is no number at all.
    pub fn add(&mut self, num: &str, fields: BTreeMap<usize, String>) -> bool {
        let digits = !num.is_empty() && num.bytes().all(|b| b.is_ascii_digit());
        let contact = contact(num);
        let known = digits || contact != num;
        if known {
            self.contacts.insert(contact, fields);
        }
        known
    }

    /// Removes a contact. `false` when there is none.
    pub fn remove(&mut self, num: &str) -> bool {
        self.contacts.remove(&contact(num)).is_some()
    }
}

/// The number under which a directory keeps a contact.
fn contact(num: &str) -> String {
    number::international(num).unwrap_or_else(|| num.to_owned())
}

fn tail(key: &str) -> String {
    let mut from_end = key.char_indices().rev();
    match from_end.nth(1) {
        Some((at, _)) if at > 0 => key[at..].to_owned(),
        _ => String::new(),
    }
}

/// Ten hexadecimal digits that do not follow one another.
fn child_key(made: u32) -> String {
    let mixed = u64::from(made + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!("{:010x}", mixed >> 24)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts() -> Accounts {
        Accounts::new(Money::euros(10.0), Money::euros(0.05))
    }

    #[test]
    fn a_key_keeps_its_account() {
        let mut accounts = accounts();
        accounts.open("one").credit = Money::euros(3.0);
        assert_eq!(accounts.open("one").credit, Money::euros(3.0));
        assert_eq!(accounts.open("two").credit, Money::euros(10.0));
        assert_eq!(accounts.open("empty-1").credit, Money::default());
        assert_eq!(accounts.iter().count(), 3);
    }

    #[test]
    fn the_longest_calling_code_makes_the_price() {
        let mut accounts = accounts();
        let account = accounts.open("one");
        account.prices.insert("35".to_owned(), Money::euros(0.1));
        account.prices.insert("352".to_owned(), Money::euros(0.2));
        assert_eq!(account.price_to("352621000000"), Money::euros(0.2));
        assert_eq!(account.price_to("351910000000"), Money::euros(0.1));
        assert_eq!(account.price_to("33680010203"), Money::euros(0.05));
        assert_eq!(account.quantity(), 200);
    }

    #[test]
    fn credit_moves_whole_or_not_at_all() {
        let mut accounts = accounts();
        let key = accounts.open_child("one", "agence").key.clone();
        assert!(accounts.transfer("one", &key, Money::euros(4.0)));
        assert!(!accounts.transfer("one", &key, Money::euros(7.0)));
        assert_eq!(accounts.open("one").credit, Money::euros(6.0));
        assert_eq!(accounts.open(&key).credit, Money::euros(4.0));
        assert!(accounts.login_taken("agence"));
    }

    #[test]
    fn keys_of_children_differ() {
        let keys: BTreeSet<_> = (0..1000).map(child_key).collect();
        assert_eq!(keys.len(), 1000);
        assert!(keys.iter().all(|key| key.len() == 10));
    }

    #[test]
    fn a_tail_never_is_the_whole_key() {
        assert_eq!(tail("abcdef"), "ef");
        assert_eq!(tail("clé"), "lé");
        assert_eq!(tail("ab"), "");
        assert_eq!(tail("a"), "");
    }
}
