"""The bookshop's tables and their initial rows."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from sqlalchemy import ForeignKey, create_engine, select
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    mapped_column,
    relationship,
    sessionmaker,
)
from werkzeug.security import generate_password_hash

PASSWORD = "lifecycle"
ORDERS = 2500


class OutOfStock(Exception):
    """An ordered book is out of stock."""


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "user"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    password: Mapped[str]
    role: Mapped[str]


class Book(Base):
    __tablename__ = "book"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    author: Mapped[str]
    price: Mapped[int]
    stock: Mapped[int]


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer: Mapped[str]
    placed: Mapped[date]
    lines: Mapped[list[OrderLine]] = relationship(lazy="select")


class OrderLine(Base):
    __tablename__ = "order_line"
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    book_id: Mapped[int] = mapped_column(ForeignKey("book.id"))
    count: Mapped[int]
    book: Mapped[Book] = relationship(lazy="select")


BOOKS = (
    ("The Left Hand of Darkness", "Ursula K. Le Guin", 1290, 12),
    ("Invisible Cities", "Italo Calvino", 1150, 7),
    ("The Master and Margarita", "Mikhail Bulgakov", 1390, 4),
    ("Kindred", "Octavia E. Butler", 1250, 9),
    ("The Name of the Rose", "Umberto Eco", 1490, 0),
    ("Orlando", "Virginia Woolf", 990, 15),
    ("Solaris", "Stanisław Lem", 1090, 6),
    ("Beloved", "Toni Morrison", 1190, 8),
)
CUSTOMERS = ("Ada", "Bertrand", "Chinua", "Doris", "Elena", "Fernando")


class Database:
    """One SQLite file, created and filled if it does not exist."""

    def __init__(self, path: Path) -> None:
        self.engine = create_engine(f"sqlite:///{path}")
        self.session = sessionmaker(self.engine)
        Base.metadata.create_all(self.engine)
        with self.session() as db:
            if db.scalar(select(User.id).limit(1)) is None:
                _fill(db)


def _fill(db: Session) -> None:
    hashed = generate_password_hash(PASSWORD, method="pbkdf2:sha256:1000")
    db.add_all(
        [
            User(name="admin", password=hashed, role="admin"),
            User(name="reader", password=hashed, role="reader"),
        ]
    )
    db.add_all(
        [
            Book(title=title, author=author, price=price, stock=stock)
            for title, author, price, stock in BOOKS
        ]
    )
    for number in range(ORDERS):
        day = date.fromordinal(date(2026, 1, 1).toordinal() + number % 300)
        lines = [
            OrderLine(book_id=1 + (number + each) % len(BOOKS), count=1 + each)
            for each in range(1 + number % 3)
        ]
        db.add(Order(customer=CUSTOMERS[number % len(CUSTOMERS)], placed=day, lines=lines))
    db.commit()
