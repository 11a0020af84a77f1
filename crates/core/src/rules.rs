//! The number of the rules, and every gate between one number and the next.
//!
//! The **rules number** is a field of the site. It changes only when a yes
//! becomes a no, a no a yes, or facts change. Old entries are judged by the
//! number that was in force when they were appended, so a log stays replayable:
//! each change of behaviour is a **gate** here, with the number it came with,
//! its name, why, and one function that the rules ask.
//!
//! Rules 1 are the first, so there is no gate yet. The first one will read:
//!
//! ```text
//! /// 2, `name`: why it changed.
//! pub fn name(self) -> bool { self.0 >= 2 }
//! ```

use crate::refusal::Refusal;

/// The rules that a site follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rules(u16);

impl Rules {
    /// The newest rules that this version knows.
    pub const NEWEST: Self = Self(1);

    /// The rules of this number; refused if this version does not know them.
    pub const fn of(number: u16) -> Result<Self, Refusal> {
        match number {
            1 => Ok(Self(number)),
            rules => Err(Refusal::RulesUnknown { rules }),
        }
    }

    /// The number.
    pub const fn number(self) -> u16 {
        self.0
    }
}
