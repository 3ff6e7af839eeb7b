"""The application's client secret: asked for anew in time, kept when it comes, proved, and put to use."""
