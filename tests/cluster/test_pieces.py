"""Pieces of a job: they cover every entry once, in order, and begin only where decoding may begin."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from frametally.cluster.pieces.cut import Pace, Piece, costs_of, cut
from frametally.video.frame_index import FrameIndex, plan_frames

PACE = Pace(frame_s=0.002, entry_s=0.02)


def index_of(frames: int, keyframes: list[int], *, missing: int = 0) -> FrameIndex:
    """10 frames per second; the header declares `missing` more."""
    rows = np.array([[at * 100, at, at * 100, at * 100, -1] for at in keyframes], np.int64).reshape(-1, 5)
    held, end = frames * 100, (frames + missing) * 100
    return FrameIndex(np.arange(frames) * 100, Fraction(1, 1000), held_end_pts=held, end_pts=end, keyframes=rows)


def covered(pieces: list[Piece]) -> list[int]:
    return [entry for piece in pieces for entry in piece.entries]


@given(data=st.data())
def test_pieces_cover_every_entry_once_in_order(data: st.DataObject) -> None:
    frames = data.draw(st.integers(1, 400))
    keyframes = sorted(data.draw(st.sets(st.integers(0, frames - 1), max_size=40)))
    index = index_of(frames, keyframes, missing=data.draw(st.integers(0, 30)))
    planned = plan_frames(index, data.draw(st.sampled_from([10, 7.5, 3, 1, 0.2])))
    exact = data.draw(st.sets(st.sampled_from(range(len(keyframes))))) if keyframes else set[int]()
    pace = Pace(data.draw(st.floats(0, 0.1)), data.draw(st.floats(0, 2)))
    costs = costs_of(index, planned, pace)
    target_s = data.draw(st.floats(1e-6, 20))
    pieces = cut(len(planned), costs, is_exact=exact.__contains__, target_s=target_s)
    assert covered(pieces) == list(range(len(planned)))
    for piece in pieces[1:]:
        row = index.keyframe_before(int(index.pts[planned[piece.start]]))
        assert row < 0 or row in exact
        assert planned[piece.start] < frames
    assert cut(len(planned), costs, is_exact=None, target_s=target_s) == [Piece(0, len(planned))]


def test_pieces_begin_at_keyframes_where_these_are_close_and_the_last_ones_are_short() -> None:
    index = index_of(2000, list(range(0, 2000, 40)))
    planned = plan_frames(index, 10)
    costs = costs_of(index, planned, PACE)
    pieces = cut(2000, costs, is_exact=lambda _: True, target_s=4)
    assert {piece.start % 40 for piece in pieces if costs.until_s[piece.start] < 40} == {0}
    took_s = [costs.of(piece) for piece in pieces]
    assert 4 <= min(took_s[:5]) <= max(took_s) < 6
    assert took_s[-1] < 2


def test_a_long_group_of_pictures_is_cut_at_its_keyframes_only() -> None:
    index = index_of(2000, [0, 900])
    costs = costs_of(index, plan_frames(index, 10), PACE)
    pieces = cut(2000, costs, is_exact=lambda _: True, target_s=4)
    # Up to 200 frames after a keyframe, decoding them for a second time costs less than a tenth of a piece.
    assert [piece.start for piece in pieces] == [0, 182, 900, 1082]


def test_the_cost_of_a_piece_has_the_frames_that_are_decoded_again() -> None:
    index = index_of(100, [0, 50])
    costs = costs_of(index, plan_frames(index, 10), Pace(frame_s=1, entry_s=10))
    assert costs.of(Piece(0, 100)) == 100 * 11
    assert costs.of(Piece(60, 70)) == 10 * 11 + 10
    assert costs.of(Piece(50, 60)) == 10 * 11
