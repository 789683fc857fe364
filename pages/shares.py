"""Shared links: what can be opened without an account, by whom it was made, and how often it was."""

import streamlit as st

from components.access import need
from components.session import get_deployment
from components.shares.share_list import share_list
from frametally.access.permissions import Action

st.title("Shared links")
need(Action.SHARE)
st.caption("Each link shows one view, read-only, to everyone who has it. The links themselves are kept nowhere.")
share_list(get_deployment())
