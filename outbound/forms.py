"""What an operator is asked before a decision. Decides what can be typed."""

from __future__ import annotations

from django import forms
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextInputWidget


class RejectForm(BaseDialogForm):  # type: ignore[misc]
    reason = forms.CharField(
        max_length=300,
        required=False,
        help_text="Kept with each recipient, for whoever looks at this mail later.",
        widget=UnfoldAdminTextInputWidget(attrs={"autofocus": True}),
    )
