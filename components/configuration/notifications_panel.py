"""How people are told that a job has ended, and whether that gets through."""

from __future__ import annotations

import streamlit as st

from components.errors import escape_markdown, show_error
from frametally.errors import NotificationError
from frametally.notifications.notifier import Notifier

_WAYS = {"webhook": "Webhook", "e-mail": "E-mail"}


def notifications_panel(notifier: Notifier) -> None:
    """Show the channels of the settings, each with a test message to try it."""
    if not notifier.channels:
        st.caption(
            "Jobs that end are told of in every open tab. A webhook or e-mail comes with the settings "
            "`FRAMETALLY_WEBHOOK_URL`, or `FRAMETALLY_SMTP_URL` and `FRAMETALLY_EMAIL_TO`."
        )
    for channel in notifier.channels:
        if fault := notifier.outbox.last_error(channel):
            st.warning(f"Messages wait: {escape_markdown(fault)}", icon=":material/schedule_send:")
        if st.button(f"{_WAYS[channel]}: send a test message", key=f"test-{channel}", icon=":material/send:"):
            try:
                with st.spinner("Sending"):
                    notifier.send_test(channel)
            except NotificationError as error:
                show_error(error)
            else:
                st.success("The test message was taken.", icon=":material/check_circle:")
