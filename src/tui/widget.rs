//! Parts that panes and overlays are made of.

pub mod field;
pub mod grid;
pub mod ink;
pub mod page;
pub mod picker;
pub mod said;
