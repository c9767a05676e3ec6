"""The shapes of requests and answers, a file per resource."""
