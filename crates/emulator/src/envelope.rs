//! The form of answers: rows with their annotations, and what an error looks like.

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Map, Value, json};

use crate::http::Reply;

/// A no of a cmdlet.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) exception: &'static str,
    pub(crate) sentence: String,
}

impl Refused {
    pub(crate) fn not_found(identity: &str) -> Self {
        Self {
            status: 404,
            code: "NotFound",
            exception: "Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException",
            sentence: format!(
                "The operation couldn't be performed because object '{identity}' couldn't be found."
            ),
        }
    }

    pub(crate) fn exists(identity: &str) -> Self {
        Self {
            status: 400,
            code: "BadRequest",
            exception: "Microsoft.Exchange.Data.Directory.ADObjectAlreadyExistsException",
            sentence: format!("The object '{identity}' is there already."),
        }
    }

    pub(crate) fn parameter(sentence: String) -> Self {
        Self {
            status: 400,
            code: "BadRequest",
            exception: "System.Management.Automation.ParameterBindingException",
            sentence,
        }
    }

    pub(crate) fn operation(sentence: String) -> Self {
        Self {
            status: 400,
            code: "BadRequest",
            exception: "Microsoft.Exchange.Configuration.Tasks.TaskException",
            sentence,
        }
    }

    /// What a directory says that is busy with something else for a moment.
    pub(crate) fn transient() -> Self {
        Self {
            status: 400,
            code: "BadRequest",
            exception: "Microsoft.Exchange.Data.Directory.ADTransientException",
            sentence: "The directory is not available for a moment. Try again later.".into(),
        }
    }

    /// The id of an error: `Ex` and six digits, the same for the same exception
    /// of the same cmdlet.
    fn id(&self, cmdlet: &str) -> String {
        let hash = digest(&SHA256, format!("{cmdlet} {}", self.exception).as_bytes());
        let hex = data_encoding::HEXUPPER.encode(hash.as_ref());
        format!("Ex{}", hex.get(..6).unwrap_or_default())
    }

    pub(crate) fn reply(&self, cmdlet: &str) -> Reply {
        let line = format!("{}|{}|{}", self.id(cmdlet), self.exception, self.sentence);
        let body = json!({"error": {
            "code": self.code,
            "message": "Error executing cmdlet",
            "details": [{"code": "Client", "target": "", "message": line}],
            "innererror": {
                "message": "Error executing cmdlet",
                "type": "Microsoft.Exchange.Admin.OData.Core.ODataServiceException",
                "stacktrace": "",
                "internalexception": {
                    "message": "The cmdlet threw an exception.",
                    "type": self.exception,
                    "stacktrace": "",
                },
            },
            "adminapi.warnings@odata.type": "#Collection(String)",
            "@adminapi.warnings": [],
        }});
        Reply::json(self.status, &body)
    }
}

/// The rows of a page, with what else its answer says.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) rows: Vec<Map<String, Value>>,
    pub(crate) warnings: Vec<String>,
    pub(crate) next: Option<String>,
    pub(crate) confirmation: Option<String>,
}

impl Page {
    pub(crate) fn reply(self, tenant: &str) -> Reply {
        let context = format!(
            "https://outlook.office.com/adminapi/beta/{tenant}/$metadata#Collection(Exchange.GenericHashTable)"
        );
        let mut body = Map::new();
        body.insert("@odata.context".into(), context.into());
        body.insert(
            "adminapi.warnings@odata.type".into(),
            "#Collection(String)".into(),
        );
        body.insert("@adminapi.warnings".into(), self.warnings.into());
        if let Some(confirmation) = self.confirmation {
            body.insert("@adminapi.confirmationmessage".into(), confirmation.into());
        }
        if let Some(next) = self.next {
            body.insert("@odata.nextLink".into(), next.into());
        }
        let rows = self.rows.into_iter().map(Value::Object).collect();
        body.insert("value".into(), Value::Array(rows));
        Reply::json(200, &Value::Object(body)).header(
            "content-type",
            "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8",
        )
    }
}
