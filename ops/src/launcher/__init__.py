"""What runs the city on one machine: PostgreSQL, Traefik, the services and their workers, from one command."""
