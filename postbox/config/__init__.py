"""Settings, routes, the Celery application: what puts the parts together."""
