"""Joins the boxes of one analyzed frame after the other to tracks."""
