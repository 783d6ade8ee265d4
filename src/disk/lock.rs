//! The lock that lets one run write at a time.
