"""Scripts of pages as they are served: our modules joined to one file, and plotly.js of the installed package."""
