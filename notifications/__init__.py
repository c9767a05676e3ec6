"""Messages to citizens: planned with the change they tell of, sent outside any transaction, never lost."""
