"""What several people have seen in one frame."""

from __future__ import annotations

from frametally.audit.seen import Seen, SeenBox, SeenCount
from frametally.ledger.audits.frame_checks import FrameCheck
from frametally.rendering.audits.answers import PersonAnswer, answers
from tests.support.checked_samples import NOW

GROUPS = (("car",), ("truck",))


def check(checker: str, seen: Seen) -> FrameCheck:
    return FrameCheck(video="v", time=1, checker=checker, seen=seen.to_json(), begun_at=NOW, checked_at=NOW)


def test_each_answer_is_listed_with_its_numbers_once_several_people_have_answered() -> None:
    ann = check("ann", Seen(GROUPS, (SeenBox(1, (0, 0, 1, 1)),), counts=(SeenCount(0, 3),)))
    bob, cid = check("bob", Seen(GROUPS, is_unclear=True)), check("", Seen((("truck",),)))
    assert answers(GROUPS, [ann], {}) == []
    assert answers(GROUPS, [ann, bob, cid], {}) == [
        PersonAnswer("ann", [3, 1]),
        PersonAnswer("bob", None),
        PersonAnswer("", [None, 0]),
    ]
