"""Messages: in (recibir), through a turn (turnos), out (entregas), and read back (historial)."""
