"""An approximate box model, computed only for mail whose styles move, cut or stack boxes."""
