"""Documents about things that do not exist, whose every fact is known.

Only here is it certain what a document does not say. So these teach what human question sets do
not: refusing a question about a thing that is described, but not in this respect; telling two
similar things apart; reading lists, tables and forms; two passages that disagree.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from embedder.chat import REFUSAL
from embedder.train.answering.example import Asked, cited

Value = Callable[[random.Random], str]

_FIRST = (
    "Anna Ben Carla David Elena Farid Grace Hugo Irene Jonas Kofi Lena Marco Nadia Oskar Priya "
    "Quentin Rosa Samuel Tara Umar Vera Walter Ximena Yusuf Zoe Ingrid Pavel Leila Tomas Aiko Bruno"
).split()
_LAST = (
    "Alder Brandt Castillo Dufour Eriksen Fontaine Garcia Hoffmann Ivanova Jansen Keller Lindqvist "
    "Moreau Novak Okafor Petrov Quist Rossi Santos Tanaka Ueda Varga Weber Yilmaz Zimmer Osei "
    "Mbeki Larsen Haddad Nguyen Clarke Whitfield"
).split()
_PLACES = (
    "Ashford Belmont Calder Dunmore Eastwick Farrow Glenhaven Harrow Ironbridge Juniper Kestrel "
    "Larkspur Millbrook Northgate Oakhurst Pinecrest Quarry Redhill Stonefield Thornbury Upton "
    "Valmora Westerly Yarrow Zellin Brackwater Corvin Halden Mirefield Sandover"
).split()
_THINGS = (
    "Aurora Beacon Cobalt Delta Ember Falcon Granite Harbor Indigo Jasper Kite Lumen Meridian Nova "
    "Orbit Pioneer Quartz Raven Summit Tundra Umbra Vector Willow Zephyr Atlas Borealis Cascade"
).split()
_MONTHS = (
    "January February March April May June July August September October November December"
).split()


def _person(rng: random.Random) -> str:
    return f"{rng.choice(_FIRST)} {rng.choice(_LAST)}"


def _place(rng: random.Random) -> str:
    return rng.choice(_PLACES)


def _year(rng: random.Random) -> str:
    return str(rng.randint(1780, 2024))


def _date(rng: random.Random) -> str:
    return f"{rng.randint(1, 28)} {rng.choice(_MONTHS)} {rng.randint(1990, 2026)}"


def _money(rng: random.Random) -> str:
    amount = rng.choice((rng.randint(5, 99), rng.randint(100, 999), 50 * rng.randint(20, 900)))
    return f"{rng.choice('$€£')}{amount:,}{rng.choice(('', '', '.50', '.00'))}"


def _count(rng: random.Random) -> str:
    return (
        f"{rng.choice((rng.randint(3, 60), rng.randint(100, 990), 10 * rng.randint(150, 9000))):,}"
    )


def _days(rng: random.Random) -> str:
    return f"{rng.choice((2, 5, 7, 10, 14, 21, 30, 45, 60, 90))} days"


def _months(rng: random.Random) -> str:
    return f"{rng.choice((3, 6, 12, 18, 24, 36, 60))} months"


def _code(rng: random.Random) -> str:
    letters = "".join(rng.sample("ABCDEFGHKLMNPRSTX", rng.randint(1, 3)))
    return f"{letters}-{rng.randint(100, 99999)}"


def _version(rng: random.Random) -> str:
    return f"{rng.randint(0, 12)}.{rng.randint(0, 30)}.{rng.randint(0, 9)}"


def _percent(rng: random.Random) -> str:
    return f"{rng.randint(2, 95)}%"


def _of(*values: str) -> Value:
    return lambda rng: rng.choice(values)


def _unit(unit: str, low: int, high: int) -> Value:
    return lambda rng: f"{rng.randint(low, high):,} {unit}"


@dataclass(frozen=True, slots=True)
class Attribute:
    """A respect in which a kind of thing is described.

    Attributes:
        label: As in a form or a table's header.
        value: Draws a value.
        statement: A sentence with `{x}` for the thing and `{v}` for the value.
        questions: Ways to ask for it.
    """

    label: str
    value: Value
    statement: str
    questions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of thing: how it is named, and what there is to know about it."""

    name: Callable[[random.Random], str]
    attributes: tuple[Attribute, ...]


def _a(label: str, value: Value, statement: str, *questions: str) -> Attribute:
    return Attribute(label, value, statement, questions)


KINDS: tuple[Kind, ...] = (
    Kind(
        lambda rng: f"{rng.choice(_THINGS)} {rng.choice(('Pump', 'Heater', 'Router', 'Scanner', 'Drill', 'Camera'))} {rng.randint(2, 90) * 10}",
        (
            _a("Warranty", _months, "The warranty of the {x} lasts {v}.", "How long is the warranty of the {x}?", "how long does the {x} warranty last", "What is the warranty period for the {x}?"),
            _a("Weight", _unit("kg", 1, 80), "The {x} weighs {v}.", "How heavy is the {x}?", "What does the {x} weigh?", "{x} weight"),
            _a("Price", _money, "The list price of the {x} is {v}.", "How much does the {x} cost?", "What is the price of the {x}?", "price {x}?"),
            _a("Order number", _code, "It is ordered under the number {v}.", "What is the order number of the {x}?", "Under which number do I order the {x}?"),
            _a("Power", _unit("watts", 20, 3000), "The {x} draws at most {v}.", "How much power does the {x} use?", "What is the maximum power draw of the {x}?"),
            _a("Made in", _place, "The {x} is made in {v}.", "Where is the {x} made?", "Where is the {x} manufactured?"),
            _a("Error code for overheating", _code, "If the device overheats, the display shows {v}.", "Which code does the {x} show when it overheats?", "What is displayed when the {x} overheats?"),
            _a("Filter change", _days, "The filter must be changed every {v}.", "How often must the filter of the {x} be changed?", "When do I change the filter on the {x}?"),
            _a("Colour", _of("matte black", "white", "dark green", "silver", "orange"), "The housing is {v}.", "What colour is the {x}?", "Which color does the housing of the {x} have?"),
        ),
    ),
    Kind(
        lambda rng: f"{rng.choice(_PLACES)} {rng.choice(('Museum', 'Library', 'Theatre', 'Bridge', 'Hospital', 'School', 'Castle'))}",
        (
            _a("Opened", _year, "The {x} opened in {v}.", "When did the {x} open?", "In what year was the {x} opened?", "year {x} opened"),
            _a("Architect", _person, "The {x} was designed by {v}.", "Who designed the {x}?", "Who was the architect of the {x}?"),
            _a("Director", _person, "{v} has been its director for several years.", "Who is the director of the {x}?", "Who runs the {x}?"),
            _a("Visitors a year", _count, "About {v} people visit the {x} every year.", "How many people visit the {x} each year?", "How many visitors does the {x} have per year?"),
            _a("Admission", _money, "Admission to the {x} is {v} for adults.", "How much is admission to the {x}?", "What does a ticket for the {x} cost?"),
            _a("Closed on", _of("Mondays", "Tuesdays", "Sundays", "public holidays", "Christmas Day"), "The {x} is closed on {v}.", "When is the {x} closed?", "On which days is the {x} closed?"),
            _a("Renovated", _year, "After a fire, it was renovated in {v}.", "When was the {x} renovated?", "In which year was the {x} renovated?"),
            _a("Height", _unit("metres", 8, 190), "Its tower is {v} high.", "How tall is the tower of the {x}?", "How high is the tower of the {x}?"),
            _a("River", _place, "It stands on the river {v}.", "On which river does the {x} stand?", "Which river is the {x} on?"),
        ),
    ),
    Kind(
        lambda rng: f"{rng.choice(_THINGS)} {rng.choice(('Ltd', 'GmbH', 'Industries', 'Foods', 'Software', 'Logistics'))}",
        (
            _a("Founded", _year, "{x} was founded in {v}.", "When was {x} founded?", "In what year was {x} founded?", "{x} founding year"),
            _a("Founder", _person, "Its founder was {v}, an engineer.", "Who founded {x}?", "Who was the founder of {x}?"),
            _a("Chief executive", _person, "{v} is the chief executive of {x}.", "Who is the CEO of {x}?", "Who leads {x}?"),
            _a("Headquarters", _place, "{x} has its headquarters in {v}.", "Where is {x} based?", "Where are the headquarters of {x}?"),
            _a("Employees", _count, "{x} employs {v} people.", "How many employees does {x} have?", "How many people work at {x}?"),
            _a("Revenue", _unit("million dollars", 2, 900), "Last year it had a revenue of {v}.", "What was the revenue of {x}?", "How much revenue did {x} make last year?"),
            _a("VAT number", _code, "VAT number: {v}.", "What is the VAT number of {x}?"),
            _a("Main competitor", lambda rng: f"{rng.choice(_THINGS)} Corp", "Its main competitor is {v}.", "Who is the main competitor of {x}?", "Which company is {x}'s biggest rival?"),
        ),
    ),
    Kind(
        lambda rng: rng.choice(("annual leave", "parental leave", "business travel", "remote work", "sick leave", "training", "expense claims", "overtime")),
        (
            _a("Entitlement", _days, "Every employee is entitled to {v} of {x} a year.", "How many days of {x} do employees get?", "How much {x} am I entitled to?", "{x} entitlement?"),
            _a("Approval", _of("the team lead", "the head of department", "human resources", "the managing director"), "Requests for {x} must be approved by {v}.", "Who approves {x}?", "Who has to sign off on {x}?"),
            _a("Notice", _days, "Requests have to be made at least {v} in advance.", "How far in advance must {x} be requested?", "How early do I have to apply for {x}?"),
            _a("Form", _code, "Use form {v} for {x}.", "Which form is used for {x}?", "What form do I need for {x}?"),
            _a("Limit", _money, "Costs above {v} need a second signature.", "Above which amount does {x} need a second signature?", "What is the cost limit for {x}?"),
            _a("In force since", _date, "The rules on {x} have been in force since {v}.", "Since when have the rules on {x} been in force?", "When did the {x} policy take effect?"),
            _a("Contact", _person, "Questions about {x} are answered by {v}.", "Who can I ask about {x}?", "Who is the contact for {x}?"),
        ),
    ),
    Kind(
        lambda rng: f"{rng.choice(_THINGS).lower()}{rng.choice(('db', 'ctl', '-server', '-cache', 'lib', 'sync'))}",
        (
            _a("Default port", lambda rng: str(rng.randint(1024, 19999)), "By default `{x}` listens on port {v}.", "What is the default port of {x}?", "Which port does {x} listen on?", "{x} port"),
            _a("Latest version", _version, "The latest release of `{x}` is {v}.", "What is the latest version of {x}?", "Which version of {x} is current?"),
            _a("License", _of("MIT", "Apache-2.0", "GPL-3.0", "BSD-3-Clause", "MPL-2.0"), "`{x}` is released under the {v} license.", "Under which license is {x} released?", "What license does {x} use?"),
            _a("Configuration file", lambda rng: f"/etc/{rng.choice(_THINGS).lower()}/{rng.choice(('main', 'server', 'settings'))}.{rng.choice(('yml', 'toml', 'conf'))}", "Settings are read from `{v}`.", "Where is the configuration file of {x}?", "Which file does {x} read its settings from?"),
            _a("Timeout", _unit("seconds", 2, 300), "A request times out after {v}.", "What is the timeout of {x}?", "After how long does a request to {x} time out?"),
            _a("Written in", _of("Rust", "Go", "C++", "Python", "Java", "Erlang"), "`{x}` is written in {v}.", "Which language is {x} written in?", "What programming language is {x} in?"),
            _a("Log flag", lambda rng: f"--{rng.choice(('verbose', 'log-level', 'trace', 'debug', 'loud'))}", "Pass `{v}` to see more output.", "Which flag makes {x} print more?", "How do I get more output from {x}?"),
            _a("Maintainer", _person, "The maintainer is {v}.", "Who maintains {x}?", "Who is the maintainer of {x}?"),
            _a("Memory", _unit("MB", 16, 4096), "`{x}` needs at least {v} of memory.", "How much memory does {x} need?", "What are the memory requirements of {x}?"),
        ),
    ),
    Kind(
        lambda rng: f"the Battle of {rng.choice(_PLACES)}" if rng.random() < 0.5 else f"the Treaty of {rng.choice(_PLACES)}",
        (
            _a("Year", _year, "{X} took place in {v}.", "When did {x} take place?", "In which year was {x}?"),
            _a("Commander", _person, "The northern side was led by {v}.", "Who led the northern side at {x}?", "Who was the northern commander at {x}?"),
            _a("Soldiers", _count, "Some {v} soldiers took part.", "How many soldiers took part in {x}?", "How many troops were involved in {x}?"),
            _a("Losses", _count, "The losses came to {v} men.", "How many men were lost in {x}?", "How many people died in {x}?"),
            _a("Cause", _of("a dispute over grain taxes", "the murder of an envoy", "control of the river trade", "a broken marriage contract"), "The cause was {v}.", "What caused {x}?", "Why did {x} come about?"),
            _a("Result", _of("the border moved to the river", "the port was given up", "a truce of ten years", "the king abdicated"), "As a result, {v}.", "What was the result of {x}?", "What happened as a result of {x}?"),
        ),
    ),
    Kind(
        lambda rng: f"invoice {_code(rng)}",
        (
            _a("Customer", _person, "Customer: {v}", "Who is the customer of {x}?", "To whom was {x} issued?"),
            _a("Date", _date, "Date of issue: {v}", "When was {x} issued?", "What is the date of {x}?"),
            _a("Total", _money, "TOTAL DUE {v}", "What is the total of {x}?", "How much has to be paid for {x}?", "total {x}"),
            _a("Due date", _date, "Payable until {v}", "When is {x} due?", "By when must {x} be paid?"),
            _a("VAT", _percent, "VAT {v}", "Which VAT rate applies to {x}?", "What is the VAT on {x}?"),
            _a("Purchase order", _code, "Your purchase order: {v}", "Which purchase order does {x} refer to?", "What is the purchase order number on {x}?"),
            _a("Delivery address", lambda rng: f"{rng.randint(1, 200)} {rng.choice(_THINGS)} Street, {rng.choice(_PLACES)}", "Deliver to: {v}", "Where were the goods of {x} delivered?", "What is the delivery address of {x}?"),
            _a("Clerk", _person, "Handled by {v}", "Who handled {x}?", "Which clerk dealt with {x}?"),
        ),
    ),
    Kind(
        lambda rng: f"the {rng.choice(('spotted', 'northern', 'lesser', 'golden', 'dwarf', 'striped'))} {rng.choice(('marsh', 'river', 'stone', 'pine', 'dune'))} {rng.choice(('fox', 'owl', 'frog', 'moth', 'heron', 'beetle'))}",
        (
            _a("Length", _unit("centimetres", 2, 120), "{X} grows to a length of {v}.", "How long does {x} get?", "How big is {x}?"),
            _a("Diet", _of("small insects", "fish and crayfish", "seeds and berries", "earthworms", "fallen fruit"), "It feeds mainly on {v}.", "What does {x} eat?", "What does {x} feed on?"),
            _a("Habitat", _of("alder swamps", "high meadows", "abandoned quarries", "salt marshes", "old oak woods"), "{X} lives in {v}.", "Where does {x} live?", "What is the habitat of {x}?"),
            _a("First described by", _person, "The species was first described by {v}.", "Who first described {x}?", "Which scientist described {x} first?"),
            _a("Lifespan", _unit("years", 1, 30), "In the wild it lives for about {v}.", "How long does {x} live?", "What is the life expectancy of {x}?"),
            _a("Eggs", _unit("eggs", 2, 90), "The female lays {v} in spring.", "How many eggs does {x} lay?", "How many eggs does a female of {x} lay?"),
            _a("Threat", _of("the drainage of wetlands", "road traffic", "pesticides", "an introduced fungus"), "Its greatest threat is {v}.", "What threatens {x} most?", "Why is {x} endangered?"),
        ),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Record:
    """One thing, and the values of those attributes that its document tells."""

    kind: Kind
    name: str
    told: dict[str, str]

    @classmethod
    def draw(cls, kind: Kind, rng: random.Random) -> "Record":
        """A thing with three to six of its attributes told, in any order."""
        count = rng.randint(3, min(6, len(kind.attributes) - 1))
        chosen = rng.sample(kind.attributes, count)
        return cls(kind, kind.name(rng), {a.label: a.value(rng) for a in chosen})

    def text(self, rng: random.Random) -> str:
        """Its document: prose, a list, a form or a table, with or without a heading."""
        attributes = {a.label: a for a in self.kind.attributes}
        style = rng.random()
        heading = _capital(self.name)
        if style < 0.5:
            sentences = [_say(attributes[n].statement, self.name, v) for n, v in self.told.items()]
            body = " ".join(sentences)
            if self.name not in body and _capital(self.name) not in body:
                body = f"{_capital(self.name)}. {body}"
            return f"{heading}\n\n{body}" if rng.random() < 0.3 else body
        if style < 0.7:
            items = "\n".join(f"- {name}: {value}" for name, value in self.told.items())
            return f"{rng.choice(('', '# ', '## '))}{heading}\n\n{items}"
        if style < 0.85:
            gap = rng.choice((": ", " ", "\t", ":  "))
            return heading + "\n" + "\n".join(f"{n}{gap}{v}" for n, v in self.told.items())
        rows = "\n".join(f"| {name} | {value} |" for name, value in self.told.items())
        return f"{heading}\n\n| | |\n| --- | --- |\n{rows}"

    def asked(self, number: int, count: int, rng: random.Random) -> list[Asked]:
        """Up to `count` questions that its document, passage `number`, answers."""
        attributes = [a for a in self.kind.attributes if a.label in self.told]
        found: list[Asked] = []
        for attribute in rng.sample(attributes, min(count, len(attributes))):
            value = self.told[attribute.label]
            reply = cited(value, number)
            if rng.random() < 0.12:
                sentence = _say(attribute.statement, self.name, value)
                reply = cited(sentence, number) if sentence.endswith(".") else reply
            found.append(Asked(self.question(attribute, rng), reply))
        return found

    def missing(self, rng: random.Random) -> Asked:
        """A question about it in a respect that its document does not tell."""
        untold = [a for a in self.kind.attributes if a.label not in self.told]
        return Asked(self.question(rng.choice(untold), rng), REFUSAL)

    def question(self, attribute: Attribute, rng: random.Random) -> str:
        """Ask for `attribute` of this thing."""
        return _capital(rng.choice(attribute.questions).format(x=self.name))


def table(records: Sequence[Record], rng: random.Random) -> tuple[str, list[tuple[str, str]]]:
    """Things of one kind as the rows of one table; its text, and questions with answers."""
    kind = records[0].kind
    columns = rng.sample(kind.attributes, min(rng.randint(2, 4), len(kind.attributes)))
    values = [[c.value(rng) for c in columns] for _ in records]
    lines = ["| Name | " + " | ".join(c.label for c in columns) + " |"]
    lines.append("|" + " --- |" * (len(columns) + 1))
    questions: list[tuple[str, str]] = []
    for record, row in zip(records, values, strict=True):
        lines.append(f"| {_capital(record.name)} | " + " | ".join(row) + " |")
        place = rng.randrange(len(columns))
        questions.append((record.question(columns[place], rng), row[place]))
    return "\n".join(lines), questions


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _say(statement: str, name: str, value: str) -> str:
    return _capital(statement.format(x=name, X=_capital(name), v=value))
