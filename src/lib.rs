#![recursion_limit = "256"]
