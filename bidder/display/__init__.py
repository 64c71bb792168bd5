"""What a person or a program is told about a sale, and types: wording, records, orders."""
