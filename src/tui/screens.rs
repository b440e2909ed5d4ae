//! The pages, one file per kind. A page turns what is known into a sheet, and keys into what is to happen.

pub mod apply;
pub mod checks;
pub mod choosing;
pub mod done;
pub mod form;
pub mod over;
pub mod review;
pub mod token;

use zeroize::Zeroizing;

use crate::wizard::Event;

/// What a page asks of the wizard's scene.
#[derive(Debug)]
pub enum Act {
    Wizard(Box<Event>),
    /// A token was typed: it goes to the world, and never to the wizard.
    Deposit(Zeroizing<String>),
    /// This question is answered: the next one, or the next page.
    Forward,
    /// The page is answered.
    Next,
    /// This stands in the way.
    Wrong(String),
}
