//! What a box is sealed for.

use serde::Serialize;

use super::SealError;
use crate::digest::OrganizationId;
use crate::json;
use crate::names::{Name, ParameterName, TaskName, Upn};
use crate::object::Workload;

/// What a box is sealed for: it opens for nothing else. Names count as their
/// folded spelling, so that no edit of it loses a secret.
#[derive(Clone, Copy)]
pub enum Purpose<'a> {
    /// A secret of a workload, as long as that has its connector and origin.
    Secret {
        /// The organization.
        instance: OrganizationId,
        /// The workload, of which name, connector and origin count.
        workload: &'a Workload,
        /// The secret.
        name: &'a Name,
        /// Which value of it.
        version: u64,
    },
    /// A parameter of one person's run of one task.
    Parameter {
        /// The organization.
        instance: OrganizationId,
        /// Who runs it: nobody can use the box of another.
        by: &'a Upn,
        /// The task.
        task: &'a TaskName,
        /// The parameter.
        name: &'a ParameterName,
    },
}

#[derive(Serialize)]
struct SecretInfo<'a> {
    connector: &'a str,
    instance: OrganizationId,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<&'a str>,
    version: u64,
    workload: &'a str,
}

#[derive(Serialize)]
struct ParameterInfo<'a> {
    by: &'a Upn,
    instance: OrganizationId,
    name: &'a ParameterName,
    task: &'a str,
}

impl Purpose<'_> {
    /// The `info` of the box: a label, a zero byte, and canonical JSON.
    pub fn info(&self) -> Result<Vec<u8>, SealError> {
        let (label, json) = match self {
            Self::Secret {
                instance,
                workload,
                name,
                version,
            } => {
                let info = SecretInfo {
                    connector: workload.connector.key(),
                    instance: *instance,
                    name: name.key(),
                    origin: workload.origin.as_deref(),
                    version: *version,
                    workload: workload.name.key(),
                };
                (b"writ-secret-v1\0".as_slice(), json::write(&info))
            }
            Self::Parameter {
                instance,
                by,
                task,
                name,
            } => {
                let info = ParameterInfo {
                    by,
                    instance: *instance,
                    name,
                    task: task.key(),
                };
                (b"writ-parameter-v1\0".as_slice(), json::write(&info))
            }
        };
        Ok([label, &json.map_err(|_| SealError)?].concat())
    }
}
