from tests.bench import imports


def test_intake_starts_without_what_only_other_functions_need() -> None:
    assert imports.intake_imports()["forbidden_present"] == []
