"""The HTML of the list: its header, the template of a row, and its menu."""

from __future__ import annotations

_ICONS = {
    "film": '<rect x="3" y="5" width="18" height="14" rx="2"/><path d="m10 9 5 3-5 3z"/>',
    "more": '<circle cx="5" cy="12" r="2"/><circle cx="12" cy="12" r="2"/><circle cx="19" cy="12" r="2"/>',
    "dense": '<path d="M4 6h16M4 10h16M4 14h16M4 18h16"/>',
}
_COLUMNS = (("name", "Video"), ("model", "Model"), ("", "Counts"), ("status", "Status"), ("run", "Run time"))


def _icon(name: str) -> str:
    return f'<svg class="icon {name}" viewBox="0 0 24 24" aria-hidden="true">{_ICONS[name]}</svg>'


def _header(column: str, label: str) -> str:
    kind = column or "counts"
    content = f'<button type="button" data-column="{column}">{label}</button>' if column else f"<span>{label}</span>"
    return f'<div class="head-cell {kind}" role="columnheader">{content}</div>'


HTML = f"""
<div class="jobs">
  <div role="table" aria-label="Jobs">
    <div role="rowgroup">
      <div class="head" role="row">
        <div class="head-cell check" role="columnheader"><span class="unseen">Selected</span></div>
        <div class="head-cell picture" role="columnheader"><span class="unseen">Picture</span></div>
        {"".join(_header(column, label) for column, label in _COLUMNS)}
        {_header("created", "Created")}
        <div class="head-cell actions" role="columnheader">
          <span class="unseen">Actions</span>
          <button type="button" class="density" aria-pressed="false" aria-label="Compact rows" title="Compact rows">
            {_icon("dense")}
          </button>
        </div>
      </div>
    </div>
    <div class="rows" role="rowgroup"></div>
  </div>
  <div class="menu" role="menu" popover="auto"></div>
  <template>
    <div class="row" role="row">
      <div class="cell check" role="cell"><label><input type="checkbox"></label></div>
      <div class="cell picture" role="cell">
        <span class="frame">{_icon("film")}<img alt="" width="78" height="44" decoding="async" hidden></span>
      </div>
      <div class="cell name" role="cell">
        <div class="line"><a class="open"></a><span class="sample">Sample</span></div>
        <div class="under labels"></div>
      </div>
      <div class="cell model" role="cell"><div class="line"></div><div class="under"></div></div>
      <div class="cell counts" role="cell">
        <div class="sparkline"></div>
        <div class="progress">
          <div class="bar" role="progressbar" aria-valuemin="0" aria-valuemax="100"><div></div></div>
          <div class="under"></div>
        </div>
        <button type="button" class="problem" aria-expanded="false"><span></span></button>
      </div>
      <div class="cell status" role="cell"><span class="badge"></span></div>
      <div class="cell run" role="cell"></div>
      <div class="cell created" role="cell"></div>
      <div class="cell actions" role="cell">
        <button type="button" class="next"></button>
        <button type="button" class="more" aria-haspopup="menu" aria-expanded="false">{_icon("more")}</button>
      </div>
      <div class="details" role="cell" hidden></div>
    </div>
  </template>
</div>
"""
