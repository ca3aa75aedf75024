//! What whoever runs the server can see of it: log lines, metrics, readiness.

mod access;
mod metrics;
mod readiness;
mod refused;
mod secrecy;
mod served;
mod traces;
mod tried;
