"""HubSpot's bytes to values and back, and what an answer says.

Pure. It knows nothing of records before they are inputs, of batches, or of how anything is sent.
"""
