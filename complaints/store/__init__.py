"""Tables, column types, transactions, schema."""
