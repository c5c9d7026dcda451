//! A catalogue as a static web site.

pub mod index;
