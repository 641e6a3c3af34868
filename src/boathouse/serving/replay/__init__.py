"""Replaying: the same files of the same model are given what they were given then; is the answer the same?"""
