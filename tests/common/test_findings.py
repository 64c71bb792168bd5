from common.findings import Finding, Verdict, has_fault


def test_only_a_fault_is_one() -> None:
    ok, warning, fault = (Finding("disk", verdict, "A disk.") for verdict in Verdict)
    assert not has_fault([])
    assert not has_fault([ok, warning])
    assert has_fault([ok, fault, warning])
