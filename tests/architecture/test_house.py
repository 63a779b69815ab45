"""The house rules that a syntax tree can show: who imports whom, how long things are, what they are called."""

import ast
import re
from collections.abc import Iterator

import pytest

from .tree import MEMBERS, SERVICES, Module, modules, package_of, short, tracked_texts

# What one slice may see of another: its acts, its rules, what it says, why it refuses, and the wire types it answers.
PUBLIC = {"service", "domain", "events", "errors", "schemas"}
# Further files of a slice's service, split by meaning.
SPLIT_SERVICES = {"gov_collab.organisations.responsibilities"}
# Beside the slices: wiring and what all slices of a service stand on.
SHARED = {"clients", "adapters", "pages", "datasets", "seals"}
WIRING = {"main", "reference", "sample"}
FORBIDDEN_NAMES = re.compile(r"^(utils?|helpers?|common|misc|managers?|process_data|.*_(utils?|helpers?|manager))$")
LONGEST_FILE, LONGEST_FUNCTION = 400, 40


def slices_of(package: str, found: tuple[Module, ...]) -> set[str]:
    """The packages of a service that are slices: those with a router, a service or tables of their own."""
    layers = {"router", "service", "models"}
    parents = {m.name.rpartition(".") for m in found if m.name.rpartition(".")[2] in layers}
    beside = {f"{package}.{name}" for name in SHARED}
    return {parent for parent, _, _ in parents if parent not in {"", package} | beside}


def slice_of(name: str, slices: set[str]) -> str | None:
    """The innermost slice that a module belongs to."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        if (candidate := ".".join(parts[:length])) in slices:
            return candidate
    return None


def imported(tree: ast.Module, names: set[str]) -> Iterator[str]:
    """The modules that a syntax tree imports; `from package import module` counts as the module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in names else node.module


class TestSlices:
    @pytest.mark.parametrize("service", SERVICES)
    def test_a_slice_sees_only_the_public_modules_of_another(self, service: str) -> None:
        found = modules(f"services/{service}")
        slices, names = slices_of(package_of(service), found), {module.name for module in found}
        wrong = []
        for module in found:
            here = slice_of(module.name, slices)
            if here is None:
                continue
            for target in imported(module.tree, names):
                there = slice_of(target, slices)
                inside = there is None or here == there or here.startswith(f"{there}.")
                if not inside and target.rpartition(".")[2] not in PUBLIC and target not in SPLIT_SERVICES:
                    wrong.append(f"{module.name} imports {target}")
        assert wrong == []

    @pytest.mark.parametrize("service", SERVICES)
    def test_every_slice_says_what_it_is(self, service: str) -> None:
        found = {module.name: module for module in modules(f"services/{service}")}
        for name in slices_of(package_of(service), tuple(found.values())):
            said = ast.get_docstring(found[name].tree) or ""
            assert re.search(r"[\u4e00-\u9fff]", said), f"{name}/__init__.py must say what it is, with its Chinese name"

    @pytest.mark.parametrize("service", SERVICES)
    def test_what_stands_beside_the_slices_is_known(self, service: str) -> None:
        package = package_of(service)
        found = modules(f"services/{service}")
        tops = {name.split(".")[1] for module in found if "." in (name := module.name)}
        packages = {name.split(".")[1] for module in found if (name := module.name).count(".") > 1}
        slices = {name.split(".")[1] for name in slices_of(package, found)}
        assert packages - slices - SHARED - WIRING == set(), "a folder is a slice, or it is none of these"
        assert {"main", "settings", "database"} <= tops


class TestSizes:
    @pytest.mark.parametrize("member", MEMBERS)
    def test_files_and_functions_stay_readable(self, member: str) -> None:
        wrong = []
        for module in modules(member):
            if module.lines > LONGEST_FILE + 1:
                wrong.append(f"{short(module.path)}: {module.lines - 1} lines")
            for node in ast.walk(module.tree):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    length = (node.end_lineno or node.lineno) - node.lineno + 1
                    if length > LONGEST_FUNCTION and not _only_defines(node):
                        wrong.append(f"{short(module.path)}: {node.name} has {length} lines")
        assert wrong == []


def _only_defines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """A factory of routes is as long as the routes it holds: each of them is measured by itself."""
    return sum(isinstance(inner, ast.AsyncFunctionDef) for inner in node.body) > 2


class TestNames:
    def test_nothing_has_a_name_that_says_nothing(self) -> None:
        wrong = []
        for module in modules():
            wrong += [module.name for part in module.name.split(".") if FORBIDDEN_NAMES.match(part)]
            for node in ast.walk(module.tree):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", node.name).lower()
                    if FORBIDDEN_NAMES.match(plain):
                        wrong.append(f"{module.name}: {node.name}")
        assert wrong == []

    @pytest.mark.parametrize("service", SERVICES)
    def test_every_read_of_a_persons_data_says_what_its_fields_are_called(self, service: str) -> None:
        """Or she reads codes where she asks who read what: a service says its own fields, no list elsewhere does."""
        wordless = [
            f"{module.name}:{node.lineno}"
            for module in modules(f"services/{service}")
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("access.read")
            and not {"fields", "said"} <= {given.arg for given in node.keywords}
        ]  # fmt: skip
        assert wordless == []

    def test_nothing_is_left_for_later(self) -> None:
        later = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")
        code = {".py", ".sh", ".yml", ".yaml", ".toml", ".js", ".html", ".css", ".sql"}
        wrong = []
        for path, text in tracked_texts():
            if path.suffix in code or path.name == "city":
                wrong += [f"{short(path)}: {line.strip()[:80]}" for line in text.splitlines() if later.search(line)]
        assert wrong == []

    def test_no_check_is_silenced_without_a_reason(self) -> None:
        """A reason may stand once in a file for all lines that silence the same check."""
        silence = re.compile(r"#\s*(?:noqa|type: ignore)(?::\s*|\[)?([A-Za-z0-9, -]*?)\]?(?:\s+[-#]\s*(\S.*))?$")
        wrong = []
        for path, text in tracked_texts():
            if path.suffix != ".py" or "tests" in path.parts:
                continue
            said = [(match[1].strip(), match[2]) for line in text.splitlines() if (match := silence.search(line))]
            reasoned = {checks for checks, reason in said if reason}
            wrong += [f"{short(path)}: {checks or 'everything'}" for checks, _ in said if checks not in reasoned]
        assert wrong == []
