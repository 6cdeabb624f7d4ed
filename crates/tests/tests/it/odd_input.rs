//! Hostile and merely strange input in the native form: a clear answer, the neighbours stored, and
//! never a fault of ours.

mod refused;
mod taken;
