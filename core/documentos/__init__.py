"""What a shop knows beside its productos: its own texts, cut into pasajes that can answer."""
