namespace Gsasr.Checkpoints;

/// <summary>
/// A file is not a usable checkpoint. The message says which file, what is wrong with it and, where something helps, what to do.
/// </summary>
public sealed class CheckpointFormatException : Exception
{
    /// <summary>Creates the exception.</summary>
    public CheckpointFormatException()
        : base("The file is not a usable checkpoint.")
    {
    }

    /// <summary>Creates the exception with a message.</summary>
    /// <param name="message">What is wrong, with the file's name.</param>
    public CheckpointFormatException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with a message and what caused it.</summary>
    /// <param name="message">What is wrong, with the file's name.</param>
    /// <param name="innerException">What caused it.</param>
    public CheckpointFormatException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
