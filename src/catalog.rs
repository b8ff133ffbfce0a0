//! The table of all that the connector does, and what is published about it.

mod descriptor;
mod fields;
mod published;
mod remarks;
mod settings;

pub use descriptor::{File, credential, describe, files, step_fields};
pub use remarks::{kind_is_open, remarks, unknown_settings};
pub use settings::{
    ALLOW_CLEARTEXT, CA_FILE, CONCURRENCY, JOURNAL, JOURNAL_KEY, LOG, METRICS_ADDR, PROCESS,
    SECRETS, SETTINGS, STEP_FILE, Setting, variables,
};

use crate::actions::{
    add_shortlink::AddShortlink, comptage::Comptage, del_liste_noire::DelListeNoire,
    get_campagne::GetCampagne, get_credit::GetCredit, get_hlr::GetHlr,
    get_liste_noire::GetListeNoire, repertoire::Repertoire, repertoire_crea::RepertoireCrea,
    send_sms::SendSms, send_sms_multi::SendSmsMulti, set_liste_noire::SetListeNoire,
    subaccount_add::SubaccountAdd, subaccount_edit::SubaccountEdit,
};
use crate::component::{Component, Handler};
use crate::triggers::{
    delivery_receipt::DeliveryReceipt, low_credit::LowCredit,
    new_delivery_reports::NewDeliveryReports, new_opt_outs::NewOptOuts, start_flow::StartFlow,
};

/// The connector: its actions, in the order in which a person meets them, and its triggers.
pub static COMPONENT: Component = Component {
    name: "iSendPro SMS",
    handlers: &[
        Handler::action::<SendSms>(),
        Handler::action::<SendSmsMulti>(),
        Handler::action::<Comptage>(),
        Handler::action::<GetCredit>(),
        Handler::report::<GetCampagne>(),
        Handler::report::<GetListeNoire>(),
        Handler::action::<SetListeNoire>(),
        Handler::action::<DelListeNoire>(),
        Handler::action::<GetHlr>(),
        Handler::action::<RepertoireCrea>(),
        Handler::action::<Repertoire>(),
        Handler::action::<AddShortlink>(),
        Handler::action::<SubaccountAdd>(),
        Handler::action::<SubaccountEdit>(),
        Handler::trigger::<StartFlow>(),
        Handler::trigger::<NewDeliveryReports>(),
        Handler::trigger::<DeliveryReceipt>(),
        Handler::trigger::<NewOptOuts>(),
        Handler::trigger::<LowCredit>(),
    ],
};
