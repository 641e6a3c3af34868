"""The skew meter: do the features that requests were answered with agree with what the feature tables say of then?"""
