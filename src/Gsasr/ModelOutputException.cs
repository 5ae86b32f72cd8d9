namespace Gsasr;

/// <summary>A model computed values that are not numbers. There is no picture.</summary>
public sealed class ModelOutputException : Exception
{
    /// <summary>Creates the exception.</summary>
    public ModelOutputException()
    {
    }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">What happened, in words for the user.</param>
    public ModelOutputException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">What happened, in words for the user.</param>
    /// <param name="innerException">The cause.</param>
    public ModelOutputException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
