"""The shop's productos: written one by one here, by the thousand in `importaciones`, from and to
files by `archivos`, found by `busqueda`."""
