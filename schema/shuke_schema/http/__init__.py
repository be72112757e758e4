"""HTTP: the doors of the service, and how each refusal is answered."""
