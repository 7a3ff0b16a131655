//! Who may do what, asked of the real authorizer.
