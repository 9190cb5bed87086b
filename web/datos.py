"""The web's database session: flask-sqlalchemy over the core's models and the core's pool.

One session per request, closed with it. `sesion()` is bound to the caller's empresa.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, current_app, g
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event
from sqlalchemy.orm import Session

from core.db import EMPRESA, Database, engine_options, make_pool
from core.models import Base
from core.settings import Settings
from core.wiring import Servicios

db = SQLAlchemy(model_class=Base)


def init_app(app: Flask, settings: Settings, *, max_connections: int = 20) -> Database:
    """Give flask-sqlalchemy the two engines; the core's Database shares them."""
    app_pool = make_pool(settings.app_url, max_connections=max_connections)
    sistema_pool = make_pool(settings.sistema_url, max_connections=5)
    dialect = "postgresql+psycopg://"
    app.config["SQLALCHEMY_DATABASE_URI"] = dialect
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options(app_pool)
    app.config["SQLALCHEMY_BINDS"] = {"sistema": {"url": dialect, **engine_options(sistema_pool)}}
    db.init_app(app)
    with app.app_context():
        database = Database(app=db.engine, sistema=db.engines["sistema"])
    event.listen(database.app_engine, "engine_disposed", lambda _: app_pool.close())
    event.listen(database.sistema_engine, "engine_disposed", lambda _: sistema_pool.close())
    return database


def servicios() -> Servicios:
    """This process's services, from inside a request or an app context."""
    found: Servicios = current_app.extensions["servicios"]
    return found


def sesion() -> Session:
    """This request's session, seeing only the empresa of `g.identidad` (set by web.auth).

    The check of the token has already begun its transaction; commit explicitly.
    """
    return sesion_of(g.identidad.empresa_id)


def sesion_of(empresa_id: int) -> Session:
    """This request's session for an empresa that a signed token or a secret has proven."""
    session = db.session()
    if session.info.setdefault(EMPRESA, empresa_id) != empresa_id:
        raise RuntimeError("this request's session already belongs to another empresa")
    return session


class DeLaPeticion(Database):
    """The core's Database over this request's session: what the check of the token began goes on
    as the transaction of the work, and an authenticated write costs one connection and one commit.
    """

    def __init__(self) -> None:
        super().__init__(app=db.engine, sistema=db.engines["sistema"])

    @contextmanager
    def empresa(self, empresa_id: int) -> Iterator[Session]:
        session = sesion_of(empresa_id)
        try:
            yield session
            session.commit()
        except BaseException:
            session.rollback()
            raise


def release() -> None:
    """Give this request's connection back, before waiting or opening another session. What was
    not committed is gone; `sesion()` may be used again and takes a connection anew."""
    db.session.remove()
