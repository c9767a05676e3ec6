"""Ratings (好差评): every visit is asked once, every answer kept, every bad one followed up."""
