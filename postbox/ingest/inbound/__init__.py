"""``POST /inbound/<provider>``: mail from hosted providers, each in the form that it documents."""
