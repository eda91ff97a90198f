"""What people think of the texts of models: scored on a local page, and compared with what models think."""
