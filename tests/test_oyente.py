"""A waiter's mailbox."""

from web.oyente import Aviso


def test_a_waiter_whose_time_is_over_is_told_so_and_not_refused() -> None:
    """A turn that begins in the last instant of ?esperar leaves less than no time to wait."""
    aviso = Aviso()
    assert aviso.wait(-0.1) is None
    aviso.put("mensaje")
    assert aviso.wait(-0.1) == "mensaje"
