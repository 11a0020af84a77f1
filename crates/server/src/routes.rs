//! Routes that name who may call them.
//!
//! [`Routes`] is a router that takes only handlers whose first parameter is a
//! guard, and keeps the **table of permissions** while it is built. So there
//! is no route that nobody thought about, and the table cannot be wrong. With
//! each comes what it is asked and answers, so no route is undescribed:
//!
//! ```
//! use writ_server::{Anonymous, Anyone, Caller, Operation, Routes};
//! async fn open(_: Anonymous) {}
//! async fn guarded(_: Caller<Anyone>) {}
//! let about = |id| Operation::new(id, "An example");
//! let routes = Routes::default()
//!     .get("/open", open, about("open"))
//!     .get("/guarded", guarded, about("guarded"));
//! assert_eq!(routes.permitted().len(), 2);
//! ```
//!
//! A handler without a guard does not compile:
//!
//! ```compile_fail,E0277
//! use writ_server::{Operation, Routes};
//! async fn forgotten(_: axum::extract::RawQuery) {}
//! let routes = Routes::default().get("/forgotten", forgotten, Operation::new("forgotten", "forgotten"));
//! ```
//!
//! Nor does one with its guard in the wrong place, or with no parameter:
//!
//! ```compile_fail,E0277
//! use writ_server::{Anonymous, Operation, Routes};
//! async fn late(_: axum::extract::RawQuery, _: Anonymous) {}
//! let routes = Routes::default().get("/late", late, Operation::new("late", "late"));
//! ```
//!
//! ```compile_fail,E0277
//! use writ_server::{Operation, Routes};
//! async fn bare() {}
//! let routes = Routes::default().get("/bare", bare, Operation::new("bare", "bare"));
//! ```

use std::fmt;

use axum::Router;
use axum::extract::Request;
use axum::handler::Handler;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use crate::app::App;
use crate::failure::Failure;
use crate::guard::{Anonymous, Caller, Permission};
use crate::openapi::Operation;

/// A first parameter that says who may call.
pub trait Guard {
    /// As the table of permissions spells it.
    const NAME: &'static str;
}

impl Guard for Anonymous {
    const NAME: &'static str = "anonymous";
}

impl<P: Permission> Guard for Caller<P> {
    const NAME: &'static str = P::NAME;
}

/// The parameters of a handler whose first one is a guard.
pub trait Guarded {
    /// As the table of permissions spells it.
    const NAME: &'static str;
}

/// axum names the parameters of a handler by a tuple that begins with a marker.
macro_rules! guarded {
    ($( ( $($other:ident),* ) )*) => { $(
        impl<M, G: Guard, $($other),*> Guarded for (M, G, $($other,)*) {
            const NAME: &'static str = G::NAME;
        }
    )* };
}

guarded! { () (A) (A, B) (A, B, C) (A, B, C, D) }

/// One line of the table of permissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Permitted {
    /// The path, with its parameters in braces.
    pub path: &'static str,
    /// The method.
    pub method: &'static str,
    /// Who may call it.
    pub who: &'static str,
    /// Whether it is of the portal and not of the API.
    pub is_portal: bool,
}

impl fmt::Display for Permitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            path, method, who, ..
        } = self;
        write!(f, "{method:<4} {path:<32} {who}")
    }
}

/// A route, who may call it, and what it is asked and answers; a page of the
/// portal is described by itself.
#[derive(Clone, Debug)]
pub(crate) struct Described {
    pub(crate) permitted: Permitted,
    pub(crate) operation: Option<Operation>,
}

/// Refuses a query where nothing would read it: whoever sends one expects that
/// it counts.
async fn no_query(request: Request, next: Next) -> Response {
    let query = request.uri().query().unwrap_or_default();
    if query.is_empty() {
        return next.run(request).await;
    }
    let problem = "this path takes none".to_owned();
    Failure::BadQuery { problem }.into_response()
}

/// A router in the making, with its table of permissions.
#[derive(Debug, Default)]
pub struct Routes {
    router: Router<App>,
    described: Vec<Described>,
}

impl Routes {
    /// Adds a reading that takes no query.
    #[must_use]
    pub fn get<H, T>(self, path: &'static str, handler: H, about: Operation) -> Self
    where
        H: Handler<T, App>,
        T: Guarded + 'static,
    {
        let handler = get(handler).route_layer(from_fn(no_query));
        let router = self.router.route(path, handler);
        Self { router, ..self }.noted("GET", path, T::NAME, Some(about))
    }

    /// Adds a reading whose handler takes a query, and refuses what it does not know.
    #[must_use]
    pub fn query<H, T>(self, path: &'static str, handler: H, about: Operation) -> Self
    where
        H: Handler<T, App>,
        T: Guarded + 'static,
    {
        let router = self.router.route(path, get(handler));
        Self { router, ..self }.noted("GET", path, T::NAME, Some(about))
    }

    /// Adds a posting, which takes no query.
    #[must_use]
    pub fn post<H, T>(self, path: &'static str, handler: H, about: Operation) -> Self
    where
        H: Handler<T, App>,
        T: Guarded + 'static,
    {
        let handler = post(handler).route_layer(from_fn(no_query));
        let router = self.router.route(path, handler);
        Self { router, ..self }.noted("POST", path, T::NAME, Some(about))
    }

    /// Adds a page of the portal that takes no query.
    #[must_use]
    pub(crate) fn page<H, T>(self, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: Guarded + 'static,
    {
        let handler = get(handler).route_layer(from_fn(no_query));
        let router = self.router.route(path, handler);
        Self { router, ..self }.noted("GET", path, T::NAME, None)
    }

    /// Adds a page of the portal whose handler takes a query, and refuses what
    /// it does not know.
    #[must_use]
    pub(crate) fn asked<H, T>(self, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: Guarded + 'static,
    {
        let router = self.router.route(path, get(handler));
        Self { router, ..self }.noted("GET", path, T::NAME, None)
    }

    /// Adds what the portal's own scripts post: about the browser, never about
    /// the organization.
    #[must_use]
    pub(crate) fn act<H, T>(self, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: Guarded + 'static,
    {
        let handler = post(handler).route_layer(from_fn(no_query));
        let router = self.router.route(path, handler);
        Self { router, ..self }.noted("POST", path, T::NAME, None)
    }

    /// The table of permissions, in the order of the routes.
    pub fn permitted(&self) -> Vec<Permitted> {
        let routes = self.described.iter();
        routes.map(|route| route.permitted).collect()
    }

    /// What each route is asked and answers, in the order of the routes.
    pub(crate) fn described(&self) -> &[Described] {
        &self.described
    }

    pub(crate) fn into_router(self) -> Router<App> {
        self.router
    }

    fn noted(
        mut self,
        method: &'static str,
        path: &'static str,
        who: &'static str,
        operation: Option<Operation>,
    ) -> Self {
        let permitted = Permitted {
            path,
            method,
            who,
            is_portal: operation.is_none(),
        };
        self.described.push(Described {
            permitted,
            operation,
        });
        self
    }
}
