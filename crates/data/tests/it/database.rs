//! One database for all tests.

use std::sync::OnceLock;

use writ_data::testing::Database;

/// It, with the rows of [`world`](crate::world).
pub(crate) fn shared() -> &'static Database {
    static DATABASE: OnceLock<Database> = OnceLock::new();
    DATABASE.get_or_init(|| {
        let database = Database::start();
        database.sql(&crate::world::tables());
        database
    })
}
