from typing import Any

import pytest

from simulator.faults import Cut, Damage, Fault, Faults


def test_faults_happen_in_order_and_are_used_up() -> None:
    faults = Faults()
    first, second = Fault("lwa", status=503), Fault("lwa", cut=Cut.AFTER)
    faults.add(first, 2)
    faults.add(second)
    faults.add(Fault("getDestinations", status=500))
    assert faults.left() == {"lwa": 3, "getDestinations": 1}
    assert [faults.take("lwa") for _ in range(4)] == [first, first, second, None]
    assert faults.left() == {"getDestinations": 1}


def test_faults_can_be_taken_back() -> None:
    faults = Faults()
    faults.add(Fault("lwa", status=503))
    faults.clear()
    assert faults.take("lwa") is None


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "at least one of"),
        ({"status": 500, "cut": Cut.BEFORE}, "either"),
        ({"body": "x", "cut": Cut.AFTER}, "either"),
        ({"status": 99}, "status 99"),
        ({"delay_seconds": -1}, "negative"),
        ({"cut": Cut.AFTER, "carried_out": True}, "carriedOut"),
        ({"delay_seconds": 1, "carried_out": True}, "carriedOut"),
        ({"damage": Damage.TAMPER, "status": 500}, "damage"),
        ({"damage": Damage.TAMPER, "cut": Cut.AFTER}, "damage"),
    ],
)
def test_a_fault_that_means_nothing_is_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Fault("lwa", **given)


def test_a_count_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="count"):
        Faults().add(Fault("lwa", status=500), 0)


def test_a_fault_of_one_seller_waits_for_a_request_of_that_seller() -> None:
    faults = Faults()
    hers, anybodys = Fault("lwa", status=503, seller_id="HERS"), Fault("lwa", cut=Cut.AFTER)
    faults.add(hers)
    faults.add(anybodys)
    assert [faults.take("lwa", seller) for seller in ("HIS", "HIS", None, "HERS")] == [
        anybodys,
        None,
        None,
        hers,
    ]
