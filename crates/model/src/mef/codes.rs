//! The findings an Open-PSA model can have: one list. Each has a page under `docs/findings/` and a case
//! in the tests.

use crate::finding::Severity;
use crate::plantfile::{Code, findings};

findings! {
    SYNTAX = "BS0501", Error, "the text is not XML";
    LIMIT = "BS0502", Error, "the model is larger or deeper than is read";
    DTD = "BS0503", Error, "document types and entities are not read";
    SHAPE = "BS0504", Error, "another element or attribute is expected here";
    DANGLING = "BS0505", Error, "nothing in the model has this name";
    DUPLICATE = "BS0506", Error, "two definitions have one name";
    CYCLE = "BS0507", Error, "gates are made of each other in a circle";
    IMPOSSIBLE_K = "BS0508", Error, "so many of so few cannot be";
    IDLE_K = "BS0509", Warning, "this number makes the gate an AND, or a constant";
    ARGUMENTS = "BS0510", Error, "a gate has too few or too many arguments";
    UNLIKELY = "BS0511", Error, "this is not a probability";
    NO_PROBABILITY = "BS0512", Warning, "nobody says how likely this is";
    NOT_COMPUTED = "BS0513", Warning, "this expression is not computed";
    NOT_READ = "BS0514", Note, "this part of the model is not read";
    CHANGES = "BS0515", Error, "this part would change the answer and is not understood";
    TOPS = "BS0516", Error, "the top gate has to be named";
    MORE = "BS0517", Note, "there are more findings than are shown";
}
