//! The HTML document around the application: head, nonce, and the script that hydrates it.
