"""Notification channels, each with a test message."""

from __future__ import annotations

import streamlit as st

from components.access import current_person, is_allowed
from components.errors import show_error
from components.formatting import escape_markdown
from frametally.access.permissions import Action
from frametally.errors import AccessDenied, NotificationError
from frametally.notifications.notifier import Notifier

_NAMES = {"webhook": "Webhook", "e-mail": "Email"}


def notifications_panel(notifier: Notifier) -> None:
    """Draw the channels of the settings with the last delivery error of each."""
    if not notifier.channels:
        st.caption(
            "You are notified in open tabs. To add a webhook or email, set `FRAMETALLY_WEBHOOK_URL`, "
            "or `FRAMETALLY_SMTP_URL` and `FRAMETALLY_EMAIL_TO`."
        )
    for channel in notifier.channels:
        if error_text := notifier.outbox.last_error(channel):
            st.warning(f"Messages are delayed: {escape_markdown(error_text)}", icon=":material/schedule_send:")
        if st.button(
            f"{_NAMES[channel]}: send test message",
            key=f"test-{channel}",
            icon=":material/send:",
            disabled=not is_allowed(Action.TEST_NOTIFICATIONS),
        ):
            try:
                with st.spinner("Sending"):
                    notifier.send_test(channel, actor=current_person())
            except (NotificationError, AccessDenied) as error:
                show_error(error)
            else:
                st.success("Test message sent.", icon=":material/check_circle:")
