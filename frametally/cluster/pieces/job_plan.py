"""The plan of a job as one object: the index of its video, its planned frames, its damage, its pieces."""

from __future__ import annotations

import io
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from frametally.cluster.pieces.cut import Piece
from frametally.engine.runner import Plan
from frametally.video.frame_index import FrameIndex


@dataclass(frozen=True)
class JobPlan:
    """A plan, and how it is cut."""

    plan: Plan
    pieces: tuple[Piece, ...]
    pieces_s: tuple[float, ...]
    """Expected seconds of each piece on one core."""
    can_stop: bool
    """Whether a running piece may hand back its rest."""

    def to_bytes(self) -> bytes:
        index, damaged = self.plan.index, self.plan.damaged
        base = index.time_base
        data = io.BytesIO()
        np.savez_compressed(
            data,
            facts=np.array([base.numerator, base.denominator, index.held_end_pts, index.end_pts], np.int64),
            origins=np.array(index.origins, np.int64),
            pts=index.pts,
            keyframes=index.keyframes,
            packets=index.packets,
            planned=self.plan.planned,
            damaged=np.empty(0, np.bool_) if damaged is None else damaged,
            is_damage_known=np.array(damaged is not None),
            pieces=np.array(self.pieces, np.int64),
            pieces_s=np.array(self.pieces_s, np.float64),
            can_stop=np.array(self.can_stop),
        )
        return data.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> JobPlan:
        with np.load(io.BytesIO(data)) as stored:
            numerator, denominator, held_end_pts, end_pts = stored["facts"].tolist()
            index = FrameIndex(
                stored["pts"],
                Fraction(numerator, denominator),
                held_end_pts=held_end_pts,
                end_pts=end_pts,
                keyframes=stored["keyframes"],
                packets=stored["packets"],
                origins=tuple(stored["origins"].tolist()),
            )
            damaged = stored["damaged"] if bool(stored["is_damage_known"]) else None
            pieces = tuple(Piece(start, stop) for start, stop in stored["pieces"].tolist())
            plan = Plan(index, stored["planned"], damaged)
            return cls(plan, pieces, tuple(stored["pieces_s"].tolist()), bool(stored["can_stop"]))
