"""People: who may use this dashboard, with which role, and what they did."""

import streamlit as st

from components.access import need
from components.people.audit import audit
from components.people.roles import roles
from components.session import get_deployment
from frametally.access.permissions import Action

st.title("People")
need(Action.MANAGE_PEOPLE)
deployment = get_deployment()
roles(deployment)
st.header("Activity")
audit(deployment.ledger)
