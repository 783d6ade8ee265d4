//! The record of a write under way.
